"""Layer 4: kernels, which train many models; one narrow interface, a plain one and a fast one behind it."""
