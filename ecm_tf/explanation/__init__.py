"""See inside a model while it speaks: attention, the gate of external memory, internal memory."""
