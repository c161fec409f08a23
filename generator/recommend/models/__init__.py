"""The models, each a function of readings (or of what lessons say) that gives weights from lesson to lesson."""
