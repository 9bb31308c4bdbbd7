"""The property `demo`: two years of an intranet used by some six hundred people."""

from userlane.sandbox.demo.property import Tenant

__all__ = ["Tenant"]
