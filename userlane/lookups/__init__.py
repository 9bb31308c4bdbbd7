"""Uploaded files that say what IDs mean, and the joins; what does not match stays visible.

csvfile     bytes become lines of cells, or are refused
names       tag ID → name, from the CSV that the Portal exports
tag_join    the join of tag records and names
attributes  user ID → role, region, …, from any CSV, and the join with user IDs

Nothing is imported here: a child process reads an uploaded file, and starts faster without pandas.
"""
