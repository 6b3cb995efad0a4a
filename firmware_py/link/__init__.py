"""The radio link without a radio: what may be read and written, who may do what, and what it does. No I/O."""
