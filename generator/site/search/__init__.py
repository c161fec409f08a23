"""The search of the public site: Pagefind over what readers may see, cut so that Chinese is found by any of its characters.

In the order of a build:

    words        Chinese text ↔ the words that are indexed
    pages        a built page → the text that is to be found
    index        the pages' texts → `site/pagefind`, when they have changed
    reading      asks a built index, as the reader's browser does
    probe        the self-test: do titles of the school find their lessons?
"""

from generator.site.search.index import SearchReport, build_index

__all__ = ["SearchReport", "build_index"]
