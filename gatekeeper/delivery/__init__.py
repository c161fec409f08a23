"""The ways in which a granted object reaches a reader, beside the gate's own signed URL. None of them decides by itself."""
