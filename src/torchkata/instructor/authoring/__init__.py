"""What helps an author: new exercises, and the gate that proves them sound."""
