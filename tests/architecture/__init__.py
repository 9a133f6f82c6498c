"""The walls: rules about the code itself, each of which fails with the file and line that breaks it."""
