"""The property `demo`: two years of an intranet with about six hundred users."""
