"""ms per photograph of Pillow's operations, one thread: pillow_augment.py SIDE FILE...; prints one JSON line.

Each operation runs once to warm up and once for the clock, and is the fastest way Pillow has: draft mode while decoding, ImageEnhance for light and colour.
"""
import io
import json
import sys
import time

import PIL
from PIL import Image, ImageEnhance

side, files = int(sys.argv[1]), sys.argv[2:]


def load(path, _=None):
    image = Image.open(path)
    share = min(1, side / min(image.size))
    size = (round(image.width * share), round(image.height * share))
    image.draft("RGB", size)
    return image.convert("RGB").resize(size, Image.BICUBIC)


def jpeg(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=15)
    decoded = Image.open(buffer)
    decoded.load()
    return decoded


def pixelate(image):
    width, height = image.size
    small = image.resize((int(width * 0.4), int(height * 0.4)), Image.BOX)
    return small.resize((width, height), Image.NEAREST)


def crop(image):
    width, height = image.size
    box = (width // 2, height // 4, width // 2 + width // 2, height // 4 + height // 2)
    return image.crop(box).resize((width, height), Image.BICUBIC)


images = [load(path) for path in files]
operations = {
    "decode + resize": (load, files),
    "jpeg": (jpeg, images),
    "brightness": (lambda image: ImageEnhance.Brightness(image).enhance(1.3), images),
    "saturation": (lambda image: ImageEnhance.Color(image).enhance(2), images),
    "contrast": (lambda image: ImageEnhance.Contrast(image).enhance(0.2), images),
    "pixelate": (pixelate, images),
    "crop": (crop, images),
}
ms = {}
for name, (operation, inputs) in operations.items():
    for _ in range(2):
        start = time.perf_counter()
        for value in inputs:
            operation(value)
        ms[name] = (time.perf_counter() - start) / len(inputs) * 1000
print(json.dumps({"version": PIL.__version__, "ms": ms}))
