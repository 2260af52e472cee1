/** The middle of an odd number of values, of an even one the upper of the two. */
export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
