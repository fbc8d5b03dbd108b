"""All HTTP: one file or folder per protocol. Nothing else in the package knows Flask."""
