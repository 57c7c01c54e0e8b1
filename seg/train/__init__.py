"""Training a UNet++: what to train (`config`), on what (`batches`, `augment`), and the loop.

Only `session`, `trainer` and `steered` import Keras.
"""
