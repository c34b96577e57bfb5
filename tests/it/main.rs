//! Everything that only shows on the real `lab-runner`, each case a test by its own name.

mod bad_input;

use libtest_mimic::{Arguments, run};

fn main() {
    run(&Arguments::from_args(), bad_input::trials()).exit();
}
