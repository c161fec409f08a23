"""Products as code: what school.yml sells, against what the running release sells, and whether that alone can be published.

sources    what a release was made of, by its parts, without products and coupons
diff       products and coupons before and after
fit        whether a new release differs from the running one in what is sold alone
report     the same in words
"""
