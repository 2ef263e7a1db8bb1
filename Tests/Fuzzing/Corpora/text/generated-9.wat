(module
  (type (;0;) (struct (field (mut i32)) (field (mut i64)) (field (mut i8)) (field (mut f64)) (field (mut v128)) (field (mut (ref null 0)))))
  (type (;1;) (array (mut i8)))
  (type (;2;) (array (mut i64)))
  (type (;3;) (sub (struct (field i32))))
  (type (;4;) (sub 3 (struct (field i32) (field i64))))
  (type (;5;) (func (param i32 i64)))
  (type (;6;) (func (result i64)))
  (type (;7;) (func (param f64 v128) (result v128)))
  (type (;8;) (func (result f32)))
  (type (;9;) (func (param f32) (result i64)))
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
  (func (;0;) (type 6) (result i64)
    (local i32 i64 f32 f64 v128 i32 i64 f64 i32 i32 f32 f64 v128)
    i32.const 4
    local.set 8
    loop ;; label = @1
      block (result f32) ;; label = @2
        block (result f32) ;; label = @3
          f32.const -0x0p+0 (;=-0;)
          i32.const 63
          br_if 0 (;@3;)
          drop
          f32.const 0x1p+0 (;=1;)
        end
        local.get 4
        i64x2.bitmask
        br_if 0 (;@2;)
        drop
        f32.const -0x1.8p+0 (;=-1.5;)
        local.get 2
        f32.max
        local.tee 10
        f32.const nan (;=NaN;)
        local.get 10
        local.get 10
        f32.eq
        select
      end
      local.set 2
      local.get 5
      local.tee 0
      i32.const 65528
      i32.and
      global.get 0
      local.tee 0
      i32.store16
      local.get 3
      local.get 7
      local.set 3
      local.set 7
      local.get 8
      i32.const 1
      i32.sub
      local.tee 8
      br_if 0 (;@1;)
    end
    local.get 7
    drop
    i32.const 255
    i32.const 65528
    i32.and
    i64.extend_i32_u
    i64.load32_s 1 offset=75
  )
  (func (;1;) (type 6) (result i64)
    (local i32 i64 f32 f64 v128 v128 f64 i64 i64 i32 i32 f32 f64 v128)
    global.get 1
    f64.reinterpret_i64
    i64.reinterpret_f64
    local.get 0
    i32.const 65528
    i32.and
    i64.load32_s
    local.get 1
    local.get 1
    i64.const 1
    i64.or
    i64.rem_s
    i64.and
    i64.const 1
    i64.or
    i64.rem_s
    i32.const 9
    array.new 2
    global.set 6
    local.get 4
    local.get 5
    local.set 4
    local.set 5
    block (result f32) ;; label = @1
      block (result f32) ;; label = @2
        f32.const 0x1p+0 (;=1;)
        i32.const -1168112011
        br_if 0 (;@2;)
        drop
        local.get 0
        f32.convert_i32_s
      end
      block (result i32) ;; label = @2
        local.get 0
        local.get 0
        br_if 0 (;@2;)
        drop
        local.get 0
      end
      br_if 0 (;@1;)
      drop
      local.get 2
    end
    drop
    local.get 0
    local.set 0
    local.get 1
  )
  (func (;2;) (type 7) (param f64 v128) (result v128)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 2
    local.set 2
    local.get 1
  )
  (func (;3;) (type 8) (result f32)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 0
    local.set 0
    local.get 2
  )
  (func (;4;) (type 9) (param f32) (result i64)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 1
    local.set 1
    local.get 2
  )
  (data (;0;) "the quick brown fox jumps over the lazy dog")
)
