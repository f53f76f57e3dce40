//! Comparing memory by words. What rustc brings for WebAssembly goes by bytes, and
//! every `==` of two slices or texts goes through it.

/// The C function, which the compiler calls.
///
/// # Safety
/// There are `n` bytes at `a` and at `b`.
#[no_mangle]
#[allow(unsafe_code)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
    if n < 8 {
        return by_bytes(a, b, n);
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

#[inline(never)]
#[allow(unsafe_code)]
unsafe fn by_bytes(a: *const u8, b: *const u8, n: usize) -> i32 {
    let mut i = 0;
    while i < n {
        let (x, y) = (*a.add(i), *b.add(i));
        if x != y {
            return x as i32 - y as i32;
        }
        i += 1;
    }
    0
}
