(module
  (type (;0;) (struct (field (mut i32)) (field (mut i64)) (field (mut i8)) (field (mut f64)) (field (mut v128)) (field (mut (ref null 0)))))
  (type (;1;) (array (mut i8)))
  (type (;2;) (array (mut i64)))
  (type (;3;) (sub (struct (field i32))))
  (type (;4;) (sub 3 (struct (field i32) (field i64))))
  (type (;5;) (func (param i32 i64)))
  (type (;6;) (func (param i32 f64 i64) (result v128)))
  (type (;7;) (func (param v128) (result i64)))
  (type (;8;) (func (param i32) (result v128)))
  (type (;9;) (func (result i32)))
  (type (;10;) (func (param f32 v128 f64) (result v128)))
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
  (export "2" (func 2))
  (export "3" (func 3))
  (export "4" (func 4))
  (elem (;0;) (i32.const 0) func 0 1 2 3 4 0 1 2)
  (func (;0;) (type 6) (param i32 f64 i64) (result v128)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    block (result f32) ;; label = @1
      global.get 3
      f64.const 0x1.999999999999ap-4 (;=0.1;)
      f64.copysign
      global.set 3
      local.get 5
      local.get 5
      f32.sub
      local.tee 10
      f32.const nan (;=NaN;)
      local.get 10
      local.get 10
      f32.eq
      select
      f32.nearest
      local.tee 10
      f32.const nan (;=NaN;)
      local.get 10
      local.get 10
      f32.eq
      select
      local.get 5
      local.get 5
      f32.lt
      br_if 0 (;@1;)
      drop
      v128.const i32x4 0xffffffff 0x3f800000 0x80000000 0xffffffff
      v128.any_true
      i32.const 7
      i32.and
      v128.const i32x4 0xffffffff 0x3f800000 0x80000000 0xffffffff
      v128.any_true
      i32.const 7
      i32.and
      table.get 0
      table.set 0
      local.get 7
      call 1
      local.set 2
      global.get 0
      i32.const 65528
      i32.and
      i64.extend_i32_u
      i32.load16_s 1
      f32.convert_i32_s
    end
    global.set 2
    global.get 6
    global.get 1
    i64.popcnt
    i64.eqz
    block (result i32) ;; label = @1
      local.get 3
      if (result i32) ;; label = @2
        i32.const -2147483648
      else
        i32.const 7
      end
      local.get 3
      if (result i32) ;; label = @2
        local.get 3
      else
        local.get 3
      end
      br_if 0 (;@1;)
      drop
      i32.const 64
      i32.const 65528
      i32.and
      i32.load8_u offset=232
    end
    i32.gt_u
    i32.const 9
    i32.rem_u
    local.get 5
    v128.const i32x4 0x00000080 0x3f800000 0x80000000 0x00000080
    local.get 6
    call 4
    local.get 7
    local.get 3
    i32x4.replace_lane 1
    f32x4.pmax
    local.tee 12
    v128.const i32x4 0x7fc00000 0x7fc00000 0x7fc00000 0x7fc00000
    local.get 12
    local.get 12
    f32x4.eq
    v128.bitselect
    i64x2.extract_lane 1
    array.set 2
    block (result v128) ;; label = @1
      global.get 4
      local.tee 7
      i32.const 0
      local.tee 3
      br_if 0 (;@1;)
      drop
      local.get 7
      local.get 7
      i16x8.min_s
    end
    f32x4.floor
    local.tee 12
    v128.const i32x4 0x7fc00000 0x7fc00000 0x7fc00000 0x7fc00000
    local.get 12
    local.get 12
    f32x4.eq
    v128.bitselect
    drop
    local.get 7
  )
  (func (;1;) (type 7) (param v128) (result i64)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 1
    local.set 1
    local.get 2
  )
  (func (;2;) (type 8) (param i32) (result v128)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 0
    local.set 0
    local.get 5
  )
  (func (;3;) (type 9) (result i32)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 0
    local.set 0
    local.get 0
  )
  (func (;4;) (type 10) (param f32 v128 f64) (result v128)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 3
    local.set 3
    local.get 1
  )
  (data (;0;) "the quick brown fox jumps over the lazy dog")
)
