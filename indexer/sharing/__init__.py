"""One run on several machines: who surveys puts jobs into a queue, and all take them from there."""
