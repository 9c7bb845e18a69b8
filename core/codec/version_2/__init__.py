"""The context mixing of format version 2, kept to read its files and never changed again."""
