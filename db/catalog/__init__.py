"""Every query on the library's tables, by what it is about. Functions take an open session."""
