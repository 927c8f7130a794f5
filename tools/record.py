# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the weights of a PyTorch model while it trains.

    from record import Recorder          # this file lies on PYTHONPATH
    with Recorder("run-1.h5", model) as record:
        for iteration in range(iterations):
            record(iteration)            # or every hundredth, or every epoch
            ...                          # an update

`restrain follow run-1.h5 run-2.h5` then tells how two trainings part.
"""
import h5py


class Recorder:
    def __init__(self, path, model):
        self.file, self.model = h5py.File(path, "w"), model
        self._make("iteration", "i8", ())
        for name, weights in self._weights():
            self._make(name, weights.dtype, weights.shape)

    def _make(self, name, dtype, shape):
        self.file.create_dataset(name, (0, *shape), dtype, chunks=(
            1 if shape else 512, *shape), maxshape=(None, *shape))

    def _weights(self):
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point() and tensor.ndim:  # no counters
                tensor = tensor.detach().cpu()
                narrow = tensor.element_size() < 4  # no type of NumPy's
                yield name, (tensor.float() if narrow else tensor).numpy()

    def __call__(self, iteration):
        for name, values in (*self._weights(), ("iteration", iteration)):
            self.file[name].resize(len(self.file[name]) + 1, axis=0)
            self.file[name][-1] = values
        self.file.flush()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.file.close()
