(module
  (type (;0;) (struct (field (mut i32)) (field (mut i64)) (field (mut i8)) (field (mut f64)) (field (mut v128)) (field (mut (ref null 0)))))
  (type (;1;) (array (mut i8)))
  (type (;2;) (array (mut i64)))
  (type (;3;) (sub (struct (field i32))))
  (type (;4;) (sub 3 (struct (field i32) (field i64))))
  (type (;5;) (func (param i32 i64)))
  (type (;6;) (func (result i32)))
  (type (;7;) (func (param f32 v128 f32) (result i32)))
  (type (;8;) (func (param f32 i32 f32 f64) (result i32)))
  (type (;9;) (func (param v128) (result i32)))
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
  (func (;0;) (type 6) (result i32)
    (local i32 i64 f32 f64 v128 f32 f32 f32 v128 f64 i32 i32 f32 f64 v128)
    local.get 0
    local.get 0
    local.set 0
    local.set 0
    block ;; label = @1
      local.get 0
      i32.const 336544881
      i32.const 1
      i32.or
      i32.div_s
      i32.const 65528
      i32.and
      block (result f32) ;; label = @2
        i32.const 7
        f32.reinterpret_i32
        local.get 0
        br_if 0 (;@2;)
        drop
        local.get 2
      end
      f32.store
    end
    local.get 0
    local.set 0
    local.get 0
    local.set 0
    local.get 0
  )
  (func (;1;) (type 7) (param f32 v128 f32) (result i32)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 3
    local.set 3
    local.get 3
  )
  (func (;2;) (type 8) (param f32 i32 f32 f64) (result i32)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 1
    local.set 1
    local.get 1
  )
  (func (;3;) (type 9) (param v128) (result i32)
    (local i32 i64 f32 f64 v128 i32 i32 f32 f64 v128)
    local.get 1
    local.set 1
    local.get 1
  )
  (data (;0;) "the quick brown fox jumps over the lazy dog")
)
