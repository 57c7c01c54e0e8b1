"""Training a UNet++: what to train (`config`), on what (`batches`, `augment`), and the loop.

Only `loop` imports Keras.
"""
