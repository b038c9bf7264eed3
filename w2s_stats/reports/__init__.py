"""Pictures of results: numbers in the constructor, matplotlib only inside ``plot``."""


from ._consistency import ConsistencyDisplay

__all__ = ["ConsistencyDisplay"]
