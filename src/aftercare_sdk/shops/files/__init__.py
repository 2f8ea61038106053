"""Order histories out of files: what comes out of a file is pictures of orders, and lines with a reason.

    source      bytes to rows: gzip, encodings, the dialects of CSV, JSON Lines
    records     rows out of lines: what an open quotation mark costs
    grouping    the rows of one order together, wherever in the file they stand, in flat memory
    values      amounts, quantities, moments and the words for a status
    columns     which column of a file means what
    canonical, shopify, woocommerce, analytics, online_retail
                what the rows of an order tell, one module for each kind of file
    reading     all of it: `OrderFile`

Pure but for reading the file itself, and for a temporary database without a name that SQLite keeps on disk
and removes by itself. Nothing here logs, and no error or reason quotes a value of the file.
"""

from __future__ import annotations

from aftercare_sdk.shops.files.reading import FORMATS, Group, Options, OrderFile, Reject

__all__ = ["FORMATS", "Group", "Options", "OrderFile", "Reject"]
