"""Any model that open_clip knows, and its exports to ONNX that need no PyTorch."""
