"""Does a statement match, and what do all of them together decide?"""
