//! Rows in text files: fields between delimiters, and CSV. Pure: bytes in, rows out, and back.
