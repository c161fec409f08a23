"""`make bench-build`: what a build costs, beside Material, Zensical, Hugo and Eleventy in the same run, and whether the bars hold."""
