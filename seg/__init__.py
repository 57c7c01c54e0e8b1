"""The engine of the workbench: arithmetic, networks, files, training, prediction.

Imports neither Streamlit nor a web framework, and nothing heavy: Keras is imported inside the
functions that need it, so that `import seg` is instant.
"""
