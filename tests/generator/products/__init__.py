"""Tests of what changes between the products that run and those in school.yml."""
