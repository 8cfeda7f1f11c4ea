//! Taking little memory, and saying how much: there are many users.

use thin_vec::ThinVec;

/// How much heap an allocation of so many bytes takes: centime's allocator, jemalloc, rounds up to size classes, every
/// 16 bytes up to 128, from then on four for each doubling.
pub(crate) fn heap(bytes: usize) -> usize {
    if bytes <= 128 {
        bytes.next_multiple_of(16)
    } else {
        bytes.next_multiple_of(bytes.next_power_of_two() / 8)
    }
}

/// How much heap a vector's elements take.
pub(crate) fn vec_heap<T>(elements: &Vec<T>) -> usize {
    heap(elements.capacity() * size_of::<T>())
}

/// What a thin vector with elements keeps in front of them.
const HEADER: usize = 16;

/// How much heap a thin vector takes.
pub(crate) fn thin_heap<T>(elements: &ThinVec<T>) -> usize {
    if elements.capacity() == 0 { 0 } else { heap(HEADER + elements.capacity() * size_of::<T>()) }
}

/// Makes room for more elements, growing to the next size class: it costs what the allocator would give anyway. A vector
/// that doubles is a third empty on average.
pub(crate) fn make_room<T>(elements: &mut Vec<T>, more: usize) {
    let (len, size) = (elements.len(), size_of::<T>());
    if elements.capacity() - len < more {
        elements.reserve_exact(heap((len + more) * size) / size - len);
    }
}

/// The same for a thin vector.
pub(crate) fn make_thin_room<T>(elements: &mut ThinVec<T>, more: usize) {
    let (len, size) = (elements.len(), size_of::<T>());
    if elements.capacity() - len < more {
        elements.reserve_exact((heap(HEADER + (len + more) * size) - HEADER) / size - len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_the_allocators_classes() {
        let classes = [
            (0, 0),
            (1, 16),
            (16, 16),
            (17, 32),
            (128, 128),
            (129, 160),
            (257, 320),
            (880, 896),
            (1025, 1280),
        ];
        for (bytes, class) in classes {
            assert_eq!(heap(bytes), class, "{bytes}");
        }
    }
}
