//! The tests of the crate from outside: what a user of it sees.

mod ahead;
mod champsim;
mod common;
mod compression;
mod drmemtrace;
mod drmemtrace_folder;
mod fuzz;
mod gem5;
mod generators;
mod instructions;
mod large;
mod malformed;
mod mtrc;
mod mtrc_damage;
mod mtrc_file;
mod mutation;
mod paths;
mod pcs;
mod per_core;
mod requests;
mod round_trip;
mod salvage;
mod sniffing;
mod tables;
mod zip;
