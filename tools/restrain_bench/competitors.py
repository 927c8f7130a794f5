# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of gradient descent as it would be written in Python.

The step is that of the one-layer network with swish, mean pooling and label 1
on one image I with M x M valid positions of the kernel K:

    c = correlation of K and I,   p = mean swish(c)
    L = log(1 + exp(-p)) + alpha/2 sum K^2
    grad L = -sigmoid(-p) mean(swish'(c) I) + alpha K,   K = K - lr grad L

A competitor's gradient() returns grad L at K; the step adds the update.
"""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

try:
    import scipy.fft
    import scipy.signal
except ImportError:
    scipy = None
try:
    import torch
    torch.set_num_threads(1)
except ImportError:
    torch = None

ALPHA, LR = 20.0, 1e-4


class Problem:
    """An image without a pattern and a kernel, of one precision."""

    def __init__(self, size, kernel, precision):
        self.size, self.kernel, self.precision = size, kernel, precision
        self.positions = size - kernel + 1
        random = np.random.RandomState(7)
        self.image = random.randn(size, size).astype(precision)
        self.start = (random.randn(kernel, kernel) / kernel).astype(precision)

    def products(self):
        """Multiplications of a correlation by its definition."""
        return self.positions ** 2 * self.kernel ** 2

    def columns(self):
        """Bytes of the image's patches, each a row."""
        return self.products() * self.image.itemsize


def slopes(response):
    """-sigmoid(-p)/M^2 and swish'(c), in the place of c."""
    work = np.negative(response)
    with np.errstate(over='ignore'):
        np.exp(work, out=work)
    work += 1
    np.reciprocal(work, out=work)
    value = response * work
    output = float(value.mean())
    # swish' = sigmoid + swish (1 - sigmoid)
    np.subtract(1, work, out=response)
    response *= value
    response += work
    return -1 / (1 + np.exp(output)) / response.size, response


class Competitor:
    """Made for one problem; its preparation is not timed."""

    def __init__(self, problem):
        self.problem = problem
        self.image = problem.image
        self.shape = (problem.positions, problem.positions)
        self.at = problem.start.copy()

    @staticmethod
    def why_not(problem):
        """Why it cannot take part at all; None if it can."""

    @staticmethod
    def memory(problem):
        """Bytes that it needs, as far as they may be too many."""
        return 6 * problem.image.nbytes

    @staticmethod
    def seconds(problem):
        """The least that a step is expected to take, far from exactly."""
        return 1e-8 * problem.size ** 2

    def gradient(self):
        factor, slope = slopes(self.apply(self.at))
        gradient = self.adjoint(slope)
        gradient *= gradient.dtype.type(factor)
        gradient += gradient.dtype.type(ALPHA) * self.at
        return gradient

    def step(self):
        gradient = self.gradient()
        gradient *= gradient.dtype.type(LR)
        self.at -= gradient


class Direct(Competitor):
    """By the definition."""

    @staticmethod
    def seconds(problem):
        return 2e-10 * problem.products()


class Im2colRebuilt(Direct):
    """NumPy, patches made in each step, two matrix-vector products"""

    @staticmethod
    def memory(problem):
        return problem.columns()

    @staticmethod
    def seconds(problem):
        return 1e-9 * problem.products()

    def columns(self):
        side = self.problem.kernel
        return sliding_window_view(self.image, (side, side)).reshape(
            -1, side * side)

    def gradient(self):
        self.made = self.columns()
        return super().gradient()

    def apply(self, kernel):
        return (self.made @ kernel.ravel()).reshape(self.shape)

    def adjoint(self, slope):
        return (slope.ravel() @ self.made).reshape(self.at.shape)


class Im2col(Im2colRebuilt):
    """NumPy, patches made once, two matrix-vector products"""

    @staticmethod
    def seconds(problem):
        return 2e-10 * problem.products()

    def __init__(self, problem):
        super().__init__(problem)
        self.kept = super().columns()

    def columns(self):
        return self.kept


class Einsum(Direct):
    """NumPy, sliding_window_view and einsum, no copy"""

    @staticmethod
    def seconds(problem):
        return 4e-10 * problem.products()

    def __init__(self, problem):
        super().__init__(problem)
        side = problem.kernel
        self.windows = sliding_window_view(self.image, (side, side))

    def apply(self, kernel):
        return np.einsum('mnij,ij->mn', self.windows, kernel)

    def adjoint(self, slope):
        return np.einsum('mnij,mn->ij', self.windows, slope)


class Shifts(Direct):
    """NumPy, a loop over the kernel's points, whole images at once"""

    @staticmethod
    def seconds(problem):
        return 5e-10 * problem.products()

    def __init__(self, problem):
        super().__init__(problem)
        rows = cols = range(problem.kernel)
        side = problem.positions
        self.parts = {(i, j): self.image[i:i + side, j:j + side]
                      for i in rows for j in cols}
        self.work = np.empty(self.shape, self.image.dtype)

    def apply(self, kernel):
        response = np.zeros(self.shape, self.image.dtype)
        for place, part in self.parts.items():
            np.multiply(part, kernel[place], out=self.work)
            response += self.work
        return response

    def adjoint(self, slope):
        gradient = np.empty_like(self.at)
        for place, part in self.parts.items():
            np.multiply(part, slope, out=self.work)
            gradient[place] = self.work.sum()
        return gradient


class FftRebuilt(Competitor):
    """scipy.fft by hand, both factors transformed in each correlation"""

    @staticmethod
    def why_not(problem):
        return None if scipy else 'SciPy is not installed'

    def __init__(self, problem):
        super().__init__(problem)
        self.grid = 2 * (scipy.fft.next_fast_len(problem.size, real=True),)

    def transformed(self):
        return scipy.fft.rfft2(self.image, self.grid, workers=1)

    def correlate(self, other, side):
        product = scipy.fft.rfft2(other, self.grid, workers=1)
        np.conjugate(product, out=product)
        product *= self.transformed()
        return scipy.fft.irfft2(product, self.grid, workers=1,
                                overwrite_x=True)[:side, :side]

    def apply(self, kernel):
        return self.correlate(kernel, self.problem.positions)

    def adjoint(self, slope):
        return self.correlate(slope, self.problem.kernel)


class FftKept(FftRebuilt):
    """scipy.fft by hand, the image's transform kept"""

    def __init__(self, problem):
        super().__init__(problem)
        self.kept = super().transformed()

    def transformed(self):
        return self.kept


class Fftconvolve(Competitor):
    """scipy.signal.fftconvolve, forward and for the gradient"""

    why_not = FftRebuilt.why_not

    def apply(self, kernel):
        return scipy.signal.fftconvolve(self.image, kernel[::-1, ::-1],
                                        mode='valid')

    def adjoint(self, slope):
        return scipy.signal.fftconvolve(self.image, slope[::-1, ::-1],
                                        mode='valid')


def why_no_torch(problem):
    return None if torch else 'PyTorch is not installed'


class TorchConv2d(Competitor):
    """PyTorch, conv2d and autograd"""

    why_not = staticmethod(why_no_torch)

    @staticmethod
    def seconds(problem):
        # oneDNN, which is fast, knows single precision only.
        fast = problem.precision == 'float32'
        return (5e-10 if fast else 5e-9) * problem.products()

    def __init__(self, problem):
        super().__init__(problem)
        self.image = torch.from_numpy(problem.image)[None, None]
        self.at = torch.from_numpy(self.at)[None, None].requires_grad_()

    def differentiate(self):
        self.at.grad = None
        output = torch.nn.functional.silu(
            torch.nn.functional.conv2d(self.image, self.at)).mean()
        loss = torch.nn.functional.softplus(-output) + \
            ALPHA / 2 * self.at.square().sum()
        loss.backward()

    def gradient(self):
        self.differentiate()
        return self.at.grad[0, 0].numpy()

    def step(self):
        self.differentiate()
        with torch.no_grad():
            self.at.sub_(self.at.grad, alpha=LR)


class TorchFft(Competitor):
    """torch.fft by hand, the image's transform kept"""

    why_not = staticmethod(why_no_torch)

    def __init__(self, problem):
        super().__init__(problem)
        self.grid = (problem.size, problem.size)
        self.at = torch.from_numpy(self.at)
        self.transform = torch.fft.rfft2(torch.from_numpy(self.image))

    def correlate(self, other, side):
        product = torch.fft.rfft2(other, self.grid).conj() * self.transform
        return torch.fft.irfft2(product, self.grid)[:side, :side]

    def differentiate(self):
        response = self.correlate(self.at, self.problem.positions)
        inner = torch.sigmoid(response)
        value = response * inner
        factor = -torch.sigmoid(-value.mean()) / value.numel()
        slope = torch.addcmul(inner, value, 1 - inner)
        gradient = self.correlate(slope, self.problem.kernel) * factor
        return gradient.add_(self.at, alpha=ALPHA)

    def gradient(self):
        return self.differentiate().numpy()

    def step(self):
        self.at.sub_(self.differentiate(), alpha=LR)


# In the order of the table.
COMPETITORS = {
    'numpy-im2col-rebuilt': Im2colRebuilt,
    'numpy-im2col-kept': Im2col,
    'numpy-einsum': Einsum,
    'numpy-shifts': Shifts,
    'scipy-fft-rebuilt': FftRebuilt,
    'scipy-fft-kept': FftKept,
    'scipy-fftconvolve': Fftconvolve,
    'torch-conv2d': TorchConv2d,
    'torch-fft-kept': TorchFft,
}


def reference(problem):
    """grad L in double precision, by numpy.fft."""
    image = problem.image.astype('float64')
    kernel = problem.start.astype('float64')
    transform = np.fft.rfft2(image)

    def correlate(other, side):
        product = transform * np.conj(np.fft.rfft2(other, image.shape))
        return np.fft.irfft2(product, image.shape)[:side, :side]

    response = correlate(kernel, problem.positions)
    inner = 1 / (1 + np.exp(-response))
    value = response * inner
    slope = inner + value * (1 - inner)
    factor = -1 / (1 + np.exp(value.mean())) / value.size
    return factor * correlate(slope, problem.kernel) + ALPHA * kernel


def error(problem, gradient, expected):
    """Of a gradient, in units of rounding of what it is made of: slopes of
    size 1 and the image, averaged."""
    unit = float(np.finfo(problem.precision).eps) * (
        float(np.abs(problem.image).max()) +
        ALPHA * float(np.abs(problem.start).max()))
    return float(np.abs(gradient - expected).max()) / unit
