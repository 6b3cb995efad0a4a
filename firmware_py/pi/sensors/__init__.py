"""The sensors of one leg on a Pi: heel switch by GPIO edges, IMU by the kernel's IIO buffers or by I2C."""
