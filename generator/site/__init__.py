"""Edition → public site + rendered private halves. The only folder that knows MkDocs.

In the order in which a build runs:

    project      where a school's settings, stage and site lie
    address      which page is staged where, and at which URL it appears
    blocks       what in a Markdown text is code, and what is live text
    links        links of the author's files → links of the staged files
    money        amounts → texts
    offers       products → offer cards
    describe     what the templates print of a page: its front matter
    structured   JSON-LD and social meta
    feeds        RSS, Atom, sitemap, robots.txt
    stage        Edition → Stage: every staged file, as a value
    shelf        an author's file → bytes; writes what changed, removes what is gone
    engine       MkDocs in process: configuration, pages, warnings
    fragment     keeps the ids of a private half apart from those of its page
    parts        renders the private halves
    reports      MkDocs' warnings → problems at the author's line
    inputs       what an output depends on
    build        all of it in order
    compose      page + private half, as the reader's browser puts them together
    preview      a live build for one role
"""
