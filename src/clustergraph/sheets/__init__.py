"""Sheets, CSV or XLSX, into files of things: a row each."""
