//! Comparing memory by words. What rustc brings for WebAssembly goes by bytes, and
//! every `==` of two slices or texts goes through it.

/// The C function, which the compiler calls.
///
/// # Safety
/// There are `n` bytes at `a` and at `b`.
#[cfg_attr(target_family = "wasm", no_mangle)]
#[allow(unsafe_code)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
    if n < 8 {
        return short(a, b, n);
    }
    let mut i = 0;
    loop {
        let x = a.add(i).cast::<u64>().read_unaligned();
        let y = b.add(i).cast::<u64>().read_unaligned();
        if x != y {
            return if x.swap_bytes() < y.swap_bytes() { -1 } else { 1 };
        }
        i += 8;
        if i >= n {
            return 0;
        }
        i = i.min(n - 8); // the last word may begin in the one before
    }
}

/// The same for less than a word.
#[inline(never)]
#[allow(unsafe_code)]
unsafe fn short(a: *const u8, b: *const u8, n: usize) -> i32 {
    let mut i = 0;
    if n >= 4 && a.cast::<u32>().read_unaligned() == b.cast::<u32>().read_unaligned() {
        i = 4;
    }
    while i < n {
        let (x, y) = (*a.add(i), *b.add(i));
        if x != y {
            return x as i32 - y as i32;
        }
        i += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    /// Every byte at every place of texts up to three words long.
    #[test]
    #[allow(unsafe_code)]
    fn orders_as_slices_do() {
        for len in 0..26 {
            for at in 0..=len {
                for (x, y) in [(0, 0), (1, 2), (2, 1), (0, 255), (255, 0), (127, 128)] {
                    let (mut a, mut b) = (vec![7; len + 1], vec![7; len + 1]);
                    (a[at], b[at]) = (x, y);
                    if at + 1 < len {
                        (a[at + 1], b[at + 1]) = (9, 8); // what comes after does not matter
                    }
                    // SAFETY: both have more than len bytes.
                    let got = unsafe { super::memcmp(a.as_ptr(), b.as_ptr(), len) };
                    let want = a[..len].cmp(&b[..len]);
                    assert_eq!(got.cmp(&0), want, "{a:?} {b:?} {len}");
                }
            }
        }
    }
}
