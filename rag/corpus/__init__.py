"""Exact questions about the library: understood by rules, counted in SQL over types, names, amounts and dates."""
