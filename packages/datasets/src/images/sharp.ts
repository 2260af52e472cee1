// sharp, set up once for this project: one thread (a worker is one process among many) and no cache (every photograph
// is read once). Import it from here, never from 'sharp'.
import sharp from 'sharp';

sharp.concurrency(1);
sharp.cache(false);

export { sharp };
