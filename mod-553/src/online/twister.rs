//! Python's random numbers: the Mersenne Twister MT19937 (Matsumoto & Nishimura 1998) seeded by an integer, and `random.sample` as
//! `CPython`'s `Lib/random.py` draws it.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;

const N: usize = 624;
const M: usize = 397;

/// The generator's words, and which of them is next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Twister {
    words: Vec<u32>,
    next: usize,
}

impl Twister {
    /// `random.Random(seed)`: `init_by_array` of the seed's 32-bit digits.
    pub(super) fn new(seed: u64) -> Self {
        let mut digits = vec![seed as u32];
        if seed > u64::from(u32::MAX) {
            digits.push((seed >> 32) as u32);
        }
        let mut words = vec![19_650_218_u32; N];
        for i in 1..N {
            words[i] = mixed(words[i - 1]).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        let mut i = 1;
        for step in 0..N.max(digits.len()) {
            let digit = step % digits.len();
            let word = words[i] ^ mixed(words[i - 1]).wrapping_mul(1_664_525);
            words[i] = word.wrapping_add(digits[digit]).wrapping_add(digit as u32);
            i = following(i, &mut words);
        }
        for _ in 1..N {
            let word = words[i] ^ mixed(words[i - 1]).wrapping_mul(1_566_083_941);
            words[i] = word.wrapping_sub(i as u32);
            i = following(i, &mut words);
        }
        words[0] = 1 << 31;
        Self { words, next: N }
    }

    /// Whether it can go on: a state from a file may be anything.
    pub(super) fn is_whole(&self) -> bool {
        self.words.len() == N && self.next <= N && self.words.iter().any(|word| *word != 0)
    }

    /// `random.sample(range(n), k)`: k different numbers below n.
    pub(super) fn sample(&mut self, n: usize, k: usize) -> Vec<usize> {
        // Python keeps a list of those left where that is smaller than a set of those drawn.
        let set_size = if k > 5 { 21 + 4_usize.pow(((k * 3) as f64).log(4.0).ceil() as u32) } else { 21 };
        if n <= set_size {
            let mut left: Vec<usize> = (0..n).collect();
            let draw = |drawn: usize| {
                let at = self.below(n - drawn);
                left.swap_remove(at)
            };
            return (0..k).map(draw).collect();
        }
        let mut seen = HashSet::with_capacity(k);
        let mut drawn = Vec::with_capacity(k);
        while drawn.len() < k {
            let number = self.below(n);
            if seen.insert(number) {
                drawn.push(number);
            }
        }
        drawn
    }

    /// A number below `n`, by drawing as many bits as `n` has until they are below it.
    fn below(&mut self, n: usize) -> usize {
        let bits = usize::BITS - n.leading_zeros();
        loop {
            let number = (self.word() >> (32 - bits)) as usize;
            if number < n {
                return number;
            }
        }
    }

    fn word(&mut self) -> u32 {
        if self.next == N {
            self.turn();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn turn(&mut self) {
        for i in 0..N {
            let joined = (self.words[i] & (1 << 31)) | (self.words[(i + 1) % N] & (u32::MAX >> 1));
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + M) % N] ^ (joined >> 1) ^ odd;
        }
        self.next = 0;
    }
}

fn mixed(word: u32) -> u32 {
    word ^ (word >> 30)
}

/// The next place; from the last, the first word is taken along.
fn following(i: usize, words: &mut [u32]) -> usize {
    if i + 1 < N {
        return i + 1;
    }
    words[0] = words[N - 1];
    1
}

#[cfg(test)]
mod tests {
    use super::Twister;

    #[test]
    fn numbers_as_python_draws_them() {
        // `random.Random(42).sample(range(70), 30)`, by a list; `random.Random(2**40 + 1).sample(range(5000), 30)`, by a set.
        let check =
            |seed, n, expected: &[usize]| assert_eq!(Twister::new(seed).sample(n, 30)[..expected.len()], *expected);
        check(42, 70, &[14, 3, 35, 31, 28, 17, 13, 43]);
        check((1 << 40) + 1, 5000, &[1439, 135, 4355, 430, 1905]);
    }
}
