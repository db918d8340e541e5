"""segtransfer: how well does pretraining transfer to medical image segmentation?"""

from importlib.metadata import version

__version__ = version("segtransfer")
