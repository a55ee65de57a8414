//! What an instruction of RISC-V tells about its accesses.

/// Returns how many bytes an instruction loads, if it is a load of one value; `wide` is RV64.
pub(super) const fn load_bytes(opcode: u64, wide: bool) -> Option<u32> {
    let width = opcode >> 12 & 7;
    let double = if wide { 8 } else { 4 };
    match opcode & 0x7f {
        // LB, LH, LW, LD, and without a sign.
        0x03 => Some(1 << (width & 3)),
        // FLH, FLW, FLD, FLQ; the other widths are vectors.
        0x07 if width >= 1 && width <= 4 => Some(1 << width),
        // LR and all that modify.
        0x2f if width <= 4 => Some(1 << width),
        _ if opcode & 3 == 3 => None,
        // Of 16 bits: the upper three and the lower two say which it is.
        _ => match (opcode >> 13 & 7, opcode & 3) {
            // C.FLD, C.FLDSP.
            (1, 0 | 2) => Some(8),
            // C.LW, C.LWSP.
            (2, 0 | 2) => Some(4),
            // C.LD, C.LDSP; C.FLW, C.FLWSP on RV32.
            (3, 0 | 2) => Some(double),
            // C.LBU, then C.LHU and C.LH.
            (4, 0) => Some(if opcode >> 10 & 1 == 0 { 1 } else { 2 }),
            _ => None,
        },
    }
}

/// Returns whether an instruction reads, modifies and writes at once: no LR, no SC.
pub(super) const fn is_amo(opcode: u64) -> bool {
    opcode & 0x7f == 0x2f && !matches!(opcode >> 27 & 0x1f, 2 | 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_say_how_many_bytes_they_load() {
        for (opcode, wide, bytes) in [
            (0x0005_8503, true, Some(1)), // lb a0, 0(a1)
            (0x0005_9503, true, Some(2)), // lh a0, 0(a1)
            (0x0005_a503, true, Some(4)), // lw a0, 0(a1)
            (0x0005_b503, true, Some(8)), // ld a0, 0(a1)
            (0x0005_c503, true, Some(1)), // lbu a0, 0(a1)
            (0x0005_e503, true, Some(4)), // lwu a0, 0(a1)
            (0x0005_a507, true, Some(4)), // flw fa0, 0(a1)
            (0x0005_b507, true, Some(8)), // fld fa0, 0(a1)
            (0x0205_e407, true, None),    // vle32.v v8, (a1)
            (0x00b5_252f, true, Some(4)), // amoadd.w a0, a1, (a0)
            (0x1005_b52f, true, Some(8)), // lr.d a0, (a1)
            (0x4188, true, Some(4)),      // c.lw a0, 0(a1)
            (0x6188, true, Some(8)),      // c.ld a0, 0(a1)
            (0x6188, false, Some(4)),     // c.flw fa0, 0(a1)
            (0x2188, true, Some(8)),      // c.fld fa0, 0(a1)
            (0x6502, true, Some(8)),      // c.ldsp a0, 0(sp)
            (0x4502, true, Some(4)),      // c.lwsp a0, 0(sp)
            (0x8188, true, Some(1)),      // c.lbu a0, 0(a1)
            (0x8588, true, Some(2)),      // c.lhu a0, 0(a1)
            (0x8082, true, None),         // ret
            (0x00b5_0533, true, None),    // add a0, a0, a1
        ] {
            assert_eq!(load_bytes(opcode, wide), bytes, "{opcode:#x}");
        }
    }

    #[test]
    fn what_modifies_is_no_reservation() {
        assert!(is_amo(0x00b5_252f), "amoadd.w");
        assert!(is_amo(0x0ab5_252f), "amoswap.w.rl");
        assert!(!is_amo(0x1005_252f), "lr.w");
        assert!(!is_amo(0x18b5_252f), "sc.w");
        assert!(!is_amo(0x0005_b503), "ld");
    }
}
