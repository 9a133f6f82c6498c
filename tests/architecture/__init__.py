"""Architecture tests: rules about the code; a failure names the file and line."""
