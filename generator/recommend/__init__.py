"""School + what readers did → what to read next, with reasons. Needs no HTML, and no network.

interactions     signals' files → who took up which lesson
counting         the aggregations behind it
recommendations  the value that pages are made from
packing          a lesson's row as the browser reads it
"""
