//! numpy's legacy generator, and the permutation test of `TVD` that is seeded with 0: the same numbers come out of it.
//!
//! Source: Matsumoto & Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998; numpy's `legacy-distributions.c` and `mtrand.pyx` for how a
//! permutation is drawn from it.

const SIZE: usize = 624;
const SHIFT: usize = 397;
const PERMUTATIONS: usize = 1000;

struct Twister {
    state: [u32; SIZE],
    next: usize,
}

impl Twister {
    fn with_seed(seed: u32) -> Self {
        let mut state = [0; SIZE];
        state[0] = seed;
        for place in 1..SIZE {
            let before: u32 = state[place - 1];
            state[place] = 1_812_433_253_u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(place as u32);
        }
        Self { state, next: SIZE }
    }

    fn number(&mut self) -> u32 {
        if self.next == SIZE {
            for place in 0..SIZE {
                let joined = (self.state[place] & 0x8000_0000) | (self.state[(place + 1) % SIZE] & 0x7fff_ffff);
                let twist = if joined % 2 == 1 { 0x9908_b0df } else { 0 };
                self.state[place] = self.state[(place + SHIFT) % SIZE] ^ (joined >> 1) ^ twist;
            }
            self.next = 0;
        }
        let mut number = self.state[self.next];
        self.next += 1;
        number ^= number >> 11;
        number ^= (number << 7) & 0x9d2c_5680;
        number ^= (number << 15) & 0xefc6_0000;
        number ^ (number >> 18)
    }

    /// A number from 0 to `largest`: bits are drawn until they are small enough.
    fn upto(&mut self, largest: u32) -> u32 {
        if largest == 0 {
            return 0;
        }
        let mask = u32::MAX >> largest.leading_zeros();
        loop {
            let number = self.number() & mask;
            if number <= largest {
                return number;
            }
        }
    }

    fn shuffle(&mut self, order: &mut [u32]) {
        for last in (1..order.len()).rev() {
            order.swap(last, self.upto(last as u32) as usize);
        }
    }
}

/// The share of 1000 permutations whose total variation distance is as large as the observed one. Which category a value has depends on
/// the order of the rows; that of the categories is assumed, and only by chance does another order give another number.
pub(super) fn total_variation_p_value(table: &[(u64, u64)]) -> f64 {
    let rows: Vec<usize> = [|counts: &(u64, u64)| counts.0, |counts: &(u64, u64)| counts.1]
        .into_iter()
        .flat_map(|side| {
            table.iter().enumerate().flat_map(move |(place, counts)| (0..side(counts)).map(move |_| place))
        })
        .collect();
    let m = table.iter().map(|counts| counts.0).sum::<u64>();
    let totals: Vec<u64> = table.iter().map(|counts| counts.0 + counts.1).collect();
    let of = |reference: &[u64]| {
        let n = rows.len() as u64 - m;
        let gap = |(left, both): (&u64, &u64)| (*left as f64 / m as f64 - (both - left) as f64 / n as f64).abs();
        0.5 * reference.iter().zip(&totals).map(gap).sum::<f64>()
    };
    let observed = of(&table.iter().map(|counts| counts.0).collect::<Vec<_>>()) - 1e-12;
    let mut twister = Twister::with_seed(0);
    let extreme = (0..PERMUTATIONS)
        .filter(|_| {
            let mut order: Vec<u32> = (0..rows.len() as u32).collect();
            twister.shuffle(&mut order);
            let mut reference = vec![0; table.len()];
            order.iter().take(m as usize).for_each(|place| reference[rows[*place as usize]] += 1);
            observed <= of(&reference)
        })
        .count();
    extreme as f64 / PERMUTATIONS as f64
}

#[cfg(test)]
mod tests {
    use super::Twister;

    #[test]
    fn draws_what_numpy_draws() {
        // numpy.random.seed(0); numpy.random.permutation(10)
        let mut twister = Twister::with_seed(0);
        let mut order: Vec<u32> = (0..10).collect();
        twister.shuffle(&mut order);
        assert_eq!(order, [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
    }
}
