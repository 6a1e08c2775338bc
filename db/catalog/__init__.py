"""All database queries, one module for each subject. Functions take an open session."""
