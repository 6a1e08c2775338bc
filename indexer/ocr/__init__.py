"""Text in pictures, found and read: engines, their lines, and the blocks that lines make."""
