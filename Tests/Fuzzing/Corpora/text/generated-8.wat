(module
  (type (;0;) (struct (field (mut i32)) (field (mut i64)) (field (mut i8)) (field (mut f64)) (field (mut v128)) (field (mut (ref null 0)))))
  (type (;1;) (array (mut i8)))
  (type (;2;) (array (mut i64)))
  (type (;3;) (sub (struct (field i32))))
  (type (;4;) (sub 3 (struct (field i32) (field i64))))
  (type (;5;) (func (param i32 i64)))
  (type (;6;) (func (param f32) (result f32)))
  (type (;7;) (func (param v128 i64) (result f64)))
  (type (;8;) (func (result f64)))
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
  (elem (;0;) (i32.const 0) func 0 1 2 3 0 1 2 3)
  (func (;0;) (type 6) (param f32) (result f32)
    (local i32 i64 f32 f64 v128 i64 f32 i32 i32 f32 f64 v128)
    local.get 5
    f32x4.sqrt
    local.tee 12
    v128.const i32x4 0x7fc00000 0x7fc00000 0x7fc00000 0x7fc00000
    local.get 12
    local.get 12
    f32x4.eq
    v128.bitselect
    drop
    block (result i64) ;; label = @1
      block ;; label = @2
        local.get 7
        local.get 0
        local.set 7
        local.set 0
        local.get 1
        i32.const 65528
        i32.and
        i64.extend_i32_u
        f64.const inf (;=inf;)
        f64.store 1 offset=39
        local.get 1
        if ;; label = @3
        else
        end
        local.get 1
        i32.const 65528
        i32.and
        i64.extend_i32_u
        local.get 4
        f64.store 1 offset=134
      end
      local.get 1
      local.set 1
      local.get 2
      local.get 1
      br_if 0 (;@1;)
      drop
      local.get 2
    end
    local.set 6
    local.get 1
    local.set 1
    local.get 1
    local.set 1
    local.get 0
  )
  (func (;1;) (type 6) (param f32) (result f32)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 1
    local.set 1
    local.get 0
  )
  (func (;2;) (type 7) (param v128 i64) (result f64)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 2
    local.set 2
    local.get 5
  )
  (func (;3;) (type 8) (result f64)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 0
    local.set 0
    local.get 3
  )
  (data (;0;) "the quick brown fox jumps over the lazy dog")
)
