"""Who computes: the interface of a backend, its adapters and the NumPy oracle."""
