;; The two loops of deflate (RFC 1951) that run over whole messages: the search for what has been there before, and the
;; writing of symbols by their codes. What lies between them, the choice of the codes, is short and in TypeScript.
;;
;; `npm run build:kernel` assembles this file into deflate-bytes.ts; deflater.ts is who calls it, and layout.ts knows the
;; places that stand here as offsets:
;;
;;   0x00000  lengths' symbols less 257, an octet each     0x00200  distances' symbols, an octet each
;;   0x00400  the shortest length of each symbol           0x00480  the shortest distance of each symbol
;;   0x00500  how often each literal or length occurs      0x00980  how often each distance does
;;   0x00a00  codes of literals and lengths                0x00e80  codes of distances
;;   0x01000  eight octets of nothing, the history, the message, sixteen of nothing
;;   0x20000  the table of places                          0x40000  the literals of the message
;;   0x51000  its references                               0x72000  the output
;;
;; A place is an address with the number of the message above it (bits 18 and up), so that the table need not be cleared:
;; what an earlier message left is further away than any window reaches.
;; A reference is two words: how many literals of the message stand before it, and length << 16 | distance - 1.
;; A code is extra bits << 24 | length of the code << 16 | the code, first bit lowest.
(module
  (import "deflate" "memory" (memory 9))

  ;; Finds the references of the message from $from to $end, with the history before it, and counts the symbols.
  ;; Returns the address after the last reference, where the number of all literals stands.
  ;;
  ;; Each position is looked up once, in the table's row for the next four octets, which holds the last two places of
  ;; such octets. A match waits for what the next position has (RFC 1951 section 4: "lazy matching"). The time is bounded by
  ;; the length: a comparison goes on beyond eight octets only where the match it finds is then taken, or is short.
  (func (export "match")
    (param $from i32) (param $end i32) (param $window i32) (param $base i32) (param $shift i32) (result i32)
    (local $at i32)
    (local $last i32)
    (local $row i32)
    (local $octets i64)
    (local $places i64)
    (local $place i32)
    (local $length i32)
    (local $reach i32)
    (local $other_length i32)
    (local $other_reach i32)
    (local $waiting_length i32)
    (local $waiting_reach i32)
    (local $start i32)
    (local $back i32)
    (local $anchor i32)
    (local $literal i32)
    (local $reference i32)
    (local $piece i32)

    ;; Of the history every other position is entered: what is five octets long has the four octets of one in it, and a
    ;; match is extended to the front. All of them take twice the time, every fourth makes a fortieth more octets.
    (local.set $at (i32.const 0x1008))
    (block $entered
      (loop $next
        (br_if $entered (i32.ge_u (local.get $at) (local.get $from)))
        (local.set $row
          (i32.shl
            (i32.shr_u (i32.mul (i32.load (local.get $at)) (i32.const 0x9e3779b1)) (local.get $shift))
            (i32.const 3)))
        (i64.store offset=0x20000 (local.get $row)
          (i64.or
            (i64.shl (i64.load offset=0x20000 (local.get $row)) (i64.const 32))
            (i64.extend_i32_u (i32.add (local.get $base) (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (br $next)))

    (local.set $at (local.get $from))
    (local.set $anchor (local.get $from))
    (local.set $last (i32.sub (local.get $end) (i32.const 4)))
    (local.set $literal (i32.const 0x40000))
    (local.set $reference (i32.const 0x51000))
    ;; What lies behind the message is of an earlier one, and shall not even decide between two matches.
    (i64.store (local.get $end) (i64.const 0))
    (i64.store offset=8 (local.get $end) (i64.const 0))

    (block $done
      (loop $next
        (block $found
          (if (i32.gt_s (local.get $at) (local.get $last))
            (then
              (br_if $done (i32.eqz (local.get $waiting_length)))
              (local.set $start (i32.sub (local.get $at) (i32.const 1)))
              (local.set $length (local.get $waiting_length))
              (local.set $reach (local.get $waiting_reach))
              (br $found)))

          ;; The two places, and the octets that are the same there, up to eight.
          (local.set $octets (i64.load (local.get $at)))
          (local.set $row
            (i32.shl
              (i32.shr_u (i32.mul (i32.wrap_i64 (local.get $octets)) (i32.const 0x9e3779b1)) (local.get $shift))
              (i32.const 3)))
          (local.set $places (i64.load offset=0x20000 (local.get $row)))
          (local.set $place (i32.add (local.get $base) (local.get $at)))
          (i64.store offset=0x20000 (local.get $row)
            (i64.or (i64.shl (local.get $places) (i64.const 32)) (i64.extend_i32_u (local.get $place))))
          (local.set $place (i32.sub (local.get $place) (i32.const 1)))
          (local.set $reach (i32.sub (local.get $place) (i32.wrap_i64 (local.get $places))))
          (local.set $length
            (select
              (i32.wrap_i64
                (i64.shr_u
                  (i64.ctz
                    (i64.xor
                      (local.get $octets)
                      (i64.load (i32.and (i32.wrap_i64 (local.get $places)) (i32.const 0x1ffff)))))
                  (i64.const 3)))
              (i32.const 0)
              (i32.lt_u (local.get $reach) (local.get $window))))
          (local.set $places (i64.shr_u (local.get $places) (i64.const 32)))
          (local.set $other_reach (i32.sub (local.get $place) (i32.wrap_i64 (local.get $places))))
          (local.set $other_length
            (select
              (i32.wrap_i64
                (i64.shr_u
                  (i64.ctz
                    (i64.xor
                      (local.get $octets)
                      (i64.load (i32.and (i32.wrap_i64 (local.get $places)) (i32.const 0x1ffff)))))
                  (i64.const 3)))
              (i32.const 0)
              (i32.lt_u (local.get $other_reach) (local.get $window))))
          (if (i32.and (i32.or (local.get $length) (local.get $other_length)) (i32.const 8))
            (then
              (if (i32.eq (local.get $length) (i32.const 8))
                (then (local.set $length (call $extend (local.get $at) (local.get $reach) (local.get $end)))))
              (if (i32.eq (local.get $other_length) (i32.const 8))
                (then
                  (local.set $other_length
                    (call $extend (local.get $at) (local.get $other_reach) (local.get $end)))))))
          ;; Where both are as long, the first one is nearer.
          (local.set $reach
            (select (local.get $other_reach) (local.get $reach)
              (i32.gt_u (local.get $other_length) (local.get $length))))
          (local.set $length
            (select (local.get $other_length) (local.get $length)
              (i32.gt_u (local.get $other_length) (local.get $length))))

          (if (local.get $waiting_length)
            (then
              (if (i32.le_u (local.get $length) (local.get $waiting_length))
                (then
                  (local.set $start (i32.sub (local.get $at) (i32.const 1)))
                  (local.set $length (local.get $waiting_length))
                  (local.set $reach (local.get $waiting_reach))
                  (br $found)))
              (i32.store8 (local.get $literal) (i32.load8_u (i32.sub (local.get $at) (i32.const 1))))
              (local.set $literal (i32.add (local.get $literal) (i32.const 1))))
            (else
              (if (i32.lt_u (local.get $length) (i32.const 4))
                (then
                  (i64.store8 (local.get $literal) (local.get $octets))
                  (local.set $literal (i32.add (local.get $literal) (i32.const 1)))
                  (local.set $at (i32.add (local.get $at) (i32.const 1)))
                  (br $next)))))
          ;; Hardly ever is there a longer one than this a position on.
          (if (i32.lt_u (local.get $length) (i32.const 16))
            (then
              (local.set $waiting_length (local.get $length))
              (local.set $waiting_reach (local.get $reach))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $next)))
          (local.set $start (local.get $at)))

        ;; A match: how far it goes to the front, as far as there are literals and there is history.
        (local.set $waiting_length (i32.const 0))
        (local.set $place (i32.sub (i32.sub (local.get $start) (i32.const 9)) (local.get $reach)))
        (local.set $back
          (i32.wrap_i64
            (i64.shr_u
              (i64.clz
                (i64.xor
                  (i64.load (i32.sub (local.get $start) (i32.const 8)))
                  (i64.load (local.get $place))))
              (i64.const 3))))
        (local.set $piece (i32.sub (local.get $start) (local.get $anchor)))
        (local.set $back
          (select (local.get $back) (local.get $piece) (i32.lt_u (local.get $back) (local.get $piece))))
        (local.set $piece (i32.sub (local.get $place) (i32.const 0x1000)))
        (local.set $back
          (select (local.get $back) (local.get $piece) (i32.lt_u (local.get $back) (local.get $piece))))
        (local.set $piece (i32.sub (local.get $end) (local.get $start)))
        (local.set $length
          (i32.add
            (local.get $back)
            (select (local.get $length) (local.get $piece) (i32.lt_u (local.get $length) (local.get $piece)))))
        ;; Four literals take fewer bits than a reference so far back.
        (if (i32.and
              (i32.eq (local.get $length) (i32.const 4))
              (i32.ge_u (local.get $reach) (i32.const 1024)))
          (then
            (i32.store8 (local.get $literal) (i32.load8_u (local.get $start)))
            (local.set $literal (i32.add (local.get $literal) (i32.const 1)))
            (local.set $at (i32.add (local.get $start) (i32.const 1)))
            (br $next)))
        (local.set $literal (i32.sub (local.get $literal) (local.get $back)))
        (local.set $anchor (i32.add (i32.sub (local.get $start) (local.get $back)) (local.get $length)))

        (local.set $place
          (if (result i32) (i32.lt_u (local.get $reach) (i32.const 256))
            (then (i32.load8_u offset=0x200 (local.get $reach)))
            (else (i32.load8_u offset=0x300 (i32.shr_u (local.get $reach) (i32.const 7))))))
        (loop $pieces
          ;; A reference has 3 to 258 octets.
          (local.set $piece (local.get $length))
          (if (i32.gt_u (local.get $length) (i32.const 258))
            (then
              (local.set $piece
                (select
                  (i32.const 258)
                  (i32.sub (local.get $length) (i32.const 3))
                  (i32.ge_u (local.get $length) (i32.const 261))))))
          (i32.store (local.get $reference) (i32.sub (local.get $literal) (i32.const 0x40000)))
          (i32.store offset=4 (local.get $reference)
            (i32.or (i32.shl (local.get $piece) (i32.const 16)) (local.get $reach)))
          (local.set $reference (i32.add (local.get $reference) (i32.const 8)))
          (local.set $row (i32.shl (i32.load8_u (local.get $piece)) (i32.const 2)))
          (i32.store offset=0x904 (local.get $row)
            (i32.add (i32.load offset=0x904 (local.get $row)) (i32.const 1)))
          (local.set $row (i32.shl (local.get $place) (i32.const 2)))
          (i32.store offset=0x980 (local.get $row)
            (i32.add (i32.load offset=0x980 (local.get $row)) (i32.const 1)))
          (local.set $length (i32.sub (local.get $length) (local.get $piece)))
          (br_if $pieces (local.get $length)))

        ;; Every other position within the match is entered.
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (block $entered
          (loop $within
            (br_if $entered (i32.ge_u (local.get $at) (local.get $anchor)))
            (local.set $row
              (i32.shl
                (i32.shr_u (i32.mul (i32.load (local.get $at)) (i32.const 0x9e3779b1)) (local.get $shift))
                (i32.const 3)))
            (i64.store offset=0x20000 (local.get $row)
              (i64.or
                (i64.shl (i64.load offset=0x20000 (local.get $row)) (i64.const 32))
                (i64.extend_i32_u (i32.add (local.get $base) (local.get $at)))))
            (local.set $at (i32.add (local.get $at) (i32.const 2)))
            (br $within)))
        (local.set $at (local.get $anchor))
        (br $next)))

    (block $copied
      (loop $next
        (br_if $copied (i32.ge_u (local.get $at) (local.get $end)))
        (i32.store8 (local.get $literal) (i32.load8_u (local.get $at)))
        (local.set $literal (i32.add (local.get $literal) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $reference) (i32.sub (local.get $literal) (i32.const 0x40000)))

    (local.set $at (i32.const 0x40000))
    (block $counted
      (loop $next
        (br_if $counted (i32.ge_u (local.get $at) (local.get $literal)))
        (local.set $row (i32.shl (i32.load8_u (local.get $at)) (i32.const 2)))
        (i32.store offset=0x500 (local.get $row)
          (i32.add (i32.load offset=0x500 (local.get $row)) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    ;; The end of the block.
    (i32.store offset=0x900 (i32.const 0) (i32.const 1))
    (local.get $reference))

  ;; The length of a match of at least eight octets, which may seem to go beyond the end.
  (func $extend (param $at i32) (param $reach i32) (param $end i32) (result i32)
    (local $start i32)
    (local $x i64)
    (local.set $start (local.get $at))
    (local.set $reach (i32.add (local.get $reach) (i32.const 1)))
    (loop $next
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (local.set $x
        (i64.xor
          (i64.load (local.get $at))
          (i64.load (i32.sub (local.get $at) (local.get $reach)))))
      (br_if $next
        (i32.and (i64.eqz (local.get $x)) (i32.lt_u (local.get $at) (local.get $end)))))
    (i32.add
      (i32.sub (local.get $at) (local.get $start))
      (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $x)) (i64.const 3)))))

  ;; Writes the literals and references of the message, the end of the block, and a flush.
  ;; What waits to be written, $waiting of $count bits, fewer than eight, comes first.
  ;; Returns the address after the last octet.
  (func (export "write")
    (param $references_end i32) (param $to i32) (param $waiting_bits i32) (param $count i32) (result i32)
    (local $bits i64)
    (local $reference i32)
    (local $literal i32)
    (local $run_end i32)
    (local $code i32)
    (local $length i32)
    (local $reach i32)
    (local $symbol i32)
    (local.set $bits (i64.extend_i32_u (local.get $waiting_bits)))
    (local.set $reference (i32.const 0x51000))
    (local.set $literal (i32.const 0x40000))
    (block $done
      (loop $next
        (local.set $run_end (i32.add (i32.load (local.get $reference)) (i32.const 0x40000)))
        (block $written
          (loop $run
            (br_if $written (i32.ge_u (local.get $literal) (local.get $run_end)))
            (local.set $code
              (i32.load offset=0xa00 (i32.shl (i32.load8_u (local.get $literal)) (i32.const 2))))
            (local.set $literal (i32.add (local.get $literal) (i32.const 1)))
            (local.set $bits
              (i64.or
                (local.get $bits)
                (i64.shl
                  (i64.extend_i32_u (i32.and (local.get $code) (i32.const 0xffff)))
                  (i64.extend_i32_u (local.get $count)))))
            (local.set $count (i32.add (local.get $count) (i32.shr_u (local.get $code) (i32.const 16))))
            (i64.store (local.get $to) (local.get $bits))
            (local.set $to (i32.add (local.get $to) (i32.shr_u (local.get $count) (i32.const 3))))
            (local.set $bits
              (i64.shr_u (local.get $bits) (i64.extend_i32_u (i32.and (local.get $count) (i32.const 0x38)))))
            (local.set $count (i32.and (local.get $count) (i32.const 7)))
            (br $run)))
        (br_if $done (i32.eq (local.get $reference) (local.get $references_end)))

        (local.set $reach (i32.load16_u offset=4 (local.get $reference)))
        (local.set $length (i32.load16_u offset=6 (local.get $reference)))
        (local.set $reference (i32.add (local.get $reference) (i32.const 8)))

        (local.set $symbol (i32.shl (i32.load8_u (local.get $length)) (i32.const 2)))
        (local.set $code (i32.load offset=0xe04 (local.get $symbol)))
        (local.set $bits
          (i64.or
            (local.get $bits)
            (i64.shl
              (i64.extend_i32_u (i32.and (local.get $code) (i32.const 0xffff)))
              (i64.extend_i32_u (local.get $count)))))
        (local.set $count
          (i32.add (local.get $count) (i32.and (i32.shr_u (local.get $code) (i32.const 16)) (i32.const 0xff))))
        (local.set $bits
          (i64.or
            (local.get $bits)
            (i64.shl
              (i64.extend_i32_u (i32.sub (local.get $length) (i32.load offset=0x400 (local.get $symbol))))
              (i64.extend_i32_u (local.get $count)))))
        (local.set $count (i32.add (local.get $count) (i32.shr_u (local.get $code) (i32.const 24))))

        (local.set $symbol
          (i32.shl
            (if (result i32) (i32.lt_u (local.get $reach) (i32.const 256))
              (then (i32.load8_u offset=0x200 (local.get $reach)))
              (else (i32.load8_u offset=0x300 (i32.shr_u (local.get $reach) (i32.const 7)))))
            (i32.const 2)))
        (local.set $code (i32.load offset=0xe80 (local.get $symbol)))
        (local.set $bits
          (i64.or
            (local.get $bits)
            (i64.shl
              (i64.extend_i32_u (i32.and (local.get $code) (i32.const 0xffff)))
              (i64.extend_i32_u (local.get $count)))))
        (local.set $count
          (i32.add (local.get $count) (i32.and (i32.shr_u (local.get $code) (i32.const 16)) (i32.const 0xff))))
        (local.set $bits
          (i64.or
            (local.get $bits)
            (i64.shl
              (i64.extend_i32_u
                (i32.sub (i32.add (local.get $reach) (i32.const 1)) (i32.load offset=0x480 (local.get $symbol))))
              (i64.extend_i32_u (local.get $count)))))
        (local.set $count (i32.add (local.get $count) (i32.shr_u (local.get $code) (i32.const 24))))
        (i64.store (local.get $to) (local.get $bits))
        (local.set $to (i32.add (local.get $to) (i32.shr_u (local.get $count) (i32.const 3))))
        (local.set $bits
          (i64.shr_u (local.get $bits) (i64.extend_i32_u (i32.and (local.get $count) (i32.const 0x38)))))
        (local.set $count (i32.and (local.get $count) (i32.const 7)))
        (br $next)))

    ;; The end of the block, the header of an empty one without compression, which is three bits of zero, and zeros up
    ;; to the next octet; then that block's length.
    (local.set $code (i32.load offset=0xe00 (i32.const 0)))
    (i64.store (local.get $to)
      (i64.or
        (local.get $bits)
        (i64.shl
          (i64.extend_i32_u (i32.and (local.get $code) (i32.const 0xffff)))
          (i64.extend_i32_u (local.get $count)))))
    (local.set $to
      (i32.add
        (local.get $to)
        (i32.shr_u
          (i32.add (i32.add (local.get $count) (i32.shr_u (local.get $code) (i32.const 16))) (i32.const 10))
          (i32.const 3))))
    (i32.store (local.get $to) (i32.const 0xffff0000))
    (i32.add (local.get $to) (i32.const 4)))
)
