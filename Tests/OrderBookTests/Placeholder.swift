// Filled in by its first real file.
