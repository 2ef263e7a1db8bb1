(module
  (type (;0;) (struct (field (mut i32)) (field (mut i64)) (field (mut i8)) (field (mut f64)) (field (mut v128)) (field (mut (ref null 0)))))
  (type (;1;) (array (mut i8)))
  (type (;2;) (array (mut i64)))
  (type (;3;) (sub (struct (field i32))))
  (type (;4;) (sub 3 (struct (field i32) (field i64))))
  (type (;5;) (func (param i32 i64)))
  (type (;6;) (func (param f32 i32 i32) (result i64)))
  (type (;7;) (func (param f32 f64) (result i32)))
  (table (;0;) 8 8 funcref)
  (memory (;0;) 1 2)
  (memory (;1;) i64 1 1)
  (tag (;0;) (type 5) (param i32 i64))
  (global (;0;) (mut i32) i32.const 7)
  (global (;1;) (mut i64) i64.const -7)
  (global (;2;) (mut f32) f32.const 0x1.8p+0 (;=1.5;))
  (global (;3;) (mut f64) f64.const -0x1.4p+1 (;=-2.5;))
  (global (;4;) (mut v128) v128.const i32x4 0x00000001 0x00000002 0x00000003 0x00000004)
  (global (;5;) (mut (ref null 0)) ref.null 0)
  (global (;6;) (mut (ref null 2)) i32.const 9 array.new_default 2)
  (global (;7;) (mut (ref null 1)) i32.const 16 array.new_default 1)
  (global (;8;) (mut anyref) i32.const 5 ref.i31)
  (export "m" (memory 0))
  (export "n" (memory 1))
  (export "i32" (global 0))
  (export "i64" (global 1))
  (export "f32" (global 2))
  (export "f64" (global 3))
  (export "v128" (global 4))
  (export "0" (func 0))
  (export "1" (func 1))
  (elem (;0;) (i32.const 0) func 0 1 0 1 0 1 0 1)
  (func (;0;) (type 6) (param f32 i32 i32) (result i64)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    global.get 6
    i32.const 1
    i32.const 9
    i32.rem_u
    array.get 2
    local.set 4
    local.get 4
    local.get 4
    i32.const -923599966
    select
    i64.const 8015736494099775536
    global.get 1
    i64.or
    f64.const 0x0p+0 (;=0;)
    local.get 6
    f64.ge
    select
    i64.const 4989805297533079037
    i64.const -9223372036854775808
    i64.gt_s
    i64.extend_i32_u
    local.get 2
    select
    global.set 1
    local.get 7
    local.get 1
    i8x16.shl
    f32x4.extract_lane 3
    f32.ceil
    local.tee 10
    f32.const nan (;=NaN;)
    local.get 10
    local.get 10
    f32.eq
    select
    drop
    i64.const 32
    global.get 1
    i64.lt_s
    i64.const -7358178810555939517
    local.get 3
    local.get 1
    i32.add
    global.get 0
    i32.const 65528
    i32.and
    f64.load offset=100
    v128.const i32x4 0x0000ffff 0x3f800000 0x80000000 0x0000ffff
    global.get 5
    struct.new 0
    local.get 7
    struct.set 0 4
    i32.const 1
    local.set 8
    loop ;; label = @1
      block (result (ref 0)) ;; label = @2
        global.get 5
        br_on_non_null 0 (;@2;)
        struct.new_default 0
      end
      struct.get 0 3
      drop
      local.get 6
      local.set 6
      local.get 1
      local.set 1
      local.get 8
      i32.const 1
      i32.sub
      local.tee 8
      br_if 0 (;@1;)
    end
    local.get 1
    local.set 1
    local.get 4
  )
  (func (;1;) (type 7) (param f32 f64) (result i32)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 2
    local.set 2
    local.get 2
  )
  (data (;0;) "the quick brown fox jumps over the lazy dog")
)
