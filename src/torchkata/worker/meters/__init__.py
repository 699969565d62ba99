"""One way to measure each thing that a lesson is about: time, operations, memory, growth."""
