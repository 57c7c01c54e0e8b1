"""What leaves the workbench as a file: pictures, tables, and the colours they share.

Everything here turns arrays and rows into bytes; nothing writes to disk or knows about HTTP.
"""
