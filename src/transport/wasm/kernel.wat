;; The loops that run over whole payloads, 64 octets a turn: masking (RFC 6455 §5.3), and whether octets are ASCII.
;;
;; `npm run build:kernel` assembles this file into kernel-bytes.ts; kernel.ts is who calls it.
;;
;; Both functions want at least 16 octets and trap on fewer: what is shorter is done in JavaScript before a call here
;; would be worth it, and the last 16 octets can then be taken in one piece, whatever the length. That piece overlaps
;; what the loops have done, so it is read before they run and written after them.
;;
;; Addresses need no alignment. Aligning the loop gains a tenth from 64 KiB on and costs as much on a short payload.
(module
  ;; Whoever loads the module brings the memory, and with it its size. It must not grow: others hold views of it.
  (import "kernel" "memory" (memory 1))

  ;; Masks the octets from $at on in place. The most significant octet of $key applies to the first of them.
  ;; Returns 0 when every octet of the result is below 0x80, and something else otherwise.
  (func (export "mask") (param $at i32) (param $length i32) (param $key i32) (result i32)
    (local $last i32)
    (local $turns_end i32)
    (local $keys v128)
    (local $a v128)
    (local $b v128)
    (local $c v128)
    (local $d v128)
    (local $end_octets v128)
    (local $seen v128)
    (if (i32.lt_u (local.get $length) (i32.const 16)) (then (unreachable)))
    (local.set $last (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 16)))

    ;; The key in the order in which its octets lie in memory, four times over.
    (local.set $keys (i32x4.splat (local.get $key)))
    (local.set $keys
      (i8x16.shuffle 3 2 1 0 3 2 1 0 3 2 1 0 3 2 1 0 (local.get $keys) (local.get $keys)))

    ;; The last 16 octets begin with the octet of the key that is length MOD 4 further on.
    (local.set $end_octets
      (v128.xor
        (v128.load (local.get $last))
        (i32x4.splat
          (i32.rotr
            (i32x4.extract_lane 0 (local.get $keys))
            (i32.shl (local.get $length) (i32.const 3))))))
    (local.set $seen (local.get $end_octets))

    (if (i32.ge_u (local.get $length) (i32.const 64))
      (then
        (local.set $turns_end (i32.sub (local.get $last) (i32.const 48)))
        (loop $turn
          (local.set $a (v128.xor (v128.load (local.get $at)) (local.get $keys)))
          (local.set $b (v128.xor (v128.load offset=16 (local.get $at)) (local.get $keys)))
          (local.set $c (v128.xor (v128.load offset=32 (local.get $at)) (local.get $keys)))
          (local.set $d (v128.xor (v128.load offset=48 (local.get $at)) (local.get $keys)))
          (v128.store (local.get $at) (local.get $a))
          (v128.store offset=16 (local.get $at) (local.get $b))
          (v128.store offset=32 (local.get $at) (local.get $c))
          (v128.store offset=48 (local.get $at) (local.get $d))
          (local.set $seen
            (v128.or
              (local.get $seen)
              (v128.or
                (v128.or (local.get $a) (local.get $b))
                (v128.or (local.get $c) (local.get $d)))))
          (br_if $turn
            (i32.le_u
              (local.tee $at (i32.add (local.get $at) (i32.const 64)))
              (local.get $turns_end))))))

    (block $done
      (loop $few
        (br_if $done (i32.ge_u (local.get $at) (local.get $last)))
        (local.set $a (v128.xor (v128.load (local.get $at)) (local.get $keys)))
        (v128.store (local.get $at) (local.get $a))
        (local.set $seen (v128.or (local.get $seen) (local.get $a)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $few)))

    (v128.store (local.get $last) (local.get $end_octets))
    (i8x16.bitmask (local.get $seen)))

  ;; Returns 1 when every octet is below 0x80, else 0.
  (func (export "is_ascii") (param $at i32) (param $length i32) (result i32)
    (local $last i32)
    (local $turns_end i32)
    (local $seen v128)
    (if (i32.lt_u (local.get $length) (i32.const 16)) (then (unreachable)))
    (local.set $last (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 16)))

    (if (i32.ge_u (local.get $length) (i32.const 64))
      (then
        (local.set $turns_end (i32.sub (local.get $last) (i32.const 48)))
        (loop $turn
          (local.set $seen
            (v128.or
              (v128.or
                (v128.load (local.get $at))
                (v128.load offset=16 (local.get $at)))
              (v128.or
                (v128.load offset=32 (local.get $at))
                (v128.load offset=48 (local.get $at)))))
          ;; Long text that is not ASCII mostly shows it at once.
          (if (i8x16.bitmask (local.get $seen)) (then (return (i32.const 0))))
          (br_if $turn
            (i32.le_u
              (local.tee $at (i32.add (local.get $at) (i32.const 64)))
              (local.get $turns_end))))))

    (local.set $seen (v128.load (local.get $last)))
    (block $done
      (loop $few
        (br_if $done (i32.ge_u (local.get $at) (local.get $last)))
        (local.set $seen (v128.or (local.get $seen) (v128.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $few)))
    (i32.eqz (i8x16.bitmask (local.get $seen)))))
